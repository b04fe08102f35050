#include "base/spelling.h"

#include <algorithm>
#include <cctype>

namespace anywarp {

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  // One letter may be wrong in a short word, a third of them in a long one.
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() < 2 || word.size() < 2) continue;
    // Levenshtein's distance, one row at a time, in which two letters that changed places count once; letter case costs nothing.
    auto folded = [](char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c))); };
    std::vector<size_t> before, above, row(candidate.size() + 1);
    for (size_t j = 0; j <= candidate.size(); j++) row[j] = j;
    for (size_t i = 1; i <= word.size(); i++) {
      before = std::move(above);
      above = std::move(row);
      row.assign(candidate.size() + 1, i);
      for (size_t j = 1; j <= candidate.size(); j++) {
        char w = folded(word[i - 1]), c = folded(candidate[j - 1]);
        row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (w != c)});
        if (i > 1 && j > 1 && w == folded(candidate[j - 2]) && c == folded(word[i - 2])) row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    if (row.back() < least && row.back() < std::max(word.size(), candidate.size())) {
      least = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace anywarp
