// `anywarp chips`: the chip models, what each figure rests on, and the export class by rule and date.
#pragma once

#include <string>
#include <vector>

namespace anywarp::toolchain {

/// The arguments after `chips`. Returns 2 for a bad command line, an unknown chip and a file that is no chip model.
int chips_main(const std::vector<std::string>& arguments);

}  // namespace anywarp::toolchain
