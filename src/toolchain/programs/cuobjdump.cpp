#include "toolchain/cuobjdump.h"

int main(int argc, char** argv) { return anywarp::toolchain::cuobjdump_main({argv + 1, argv + argc}); }
