// Prints docs/environment.md.
#include "base/environment.h"

#include <cstdio>

int main() { std::fputs(anywarp::env::page().c_str(), stdout); }
