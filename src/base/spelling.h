// What a user may have meant by a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace anywarp {

/// The candidate that a mistyped word is nearest to; empty when none is near. Letter case, and '_' for '-', cost nothing.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace anywarp
