// The words of an instruction against the slots of the forms of its opcode.
#pragma once

#include "ptx/instruction_table.h"

#include <span>
#include <vector>

namespace anywarp::ptx {

/// The forms that have these words: in the order of the table or, when there is none, in any order. `farthest`: when there is
/// no form at all, how many words fit before the first that fits nowhere.
std::vector<const Form*> match_words(Opcode opcode, std::span<const Mod> words, size_t& farthest);

}  // namespace anywarp::ptx
