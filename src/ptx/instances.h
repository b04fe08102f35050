// For tests: instances of the forms of the instruction table, as text.
#pragma once

#include "ptx/instruction_table.h"

#include <cstdint>
#include <string>
#include <vector>

namespace anywarp::ptx {

struct Instance {
  std::string text;  // "add.sat.s32 %s32_0, %s32_1, %s32_2;"
  uint16_t line = 0; // of api/ptx/instructions.txt
};

/// Every word of every slot and every kind of operand occurs in one instance at least; the combinations do not all.
std::vector<Instance> instances_of(Opcode opcode, const Form& form);

/// A module in whose one entry the instances stand, one a line; `first_line` gets the line of the first.
std::string module_of(const std::vector<Instance>& instances, const std::string& target, unsigned& first_line);

}  // namespace anywarp::ptx
