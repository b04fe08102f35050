// A driver for tests of the runtime: it does nothing on any device, but notes what it is asked for, and fails when it is told to.
// The entry points that it lacks are absent, as they would be in an old driver.
#pragma once

#include <string>
#include <vector>

namespace anywarp::runtime::fake {

/// The calls since the last clear(), as "cuMemAlloc_v2(64)"; queries of devices and contexts are left out.
std::vector<std::string>& calls();
void clear();

/// Lets the entry point of this name return this result from now on; 0 lets it work again.
void fail(const std::string& name, int result);

}  // namespace anywarp::runtime::fake
