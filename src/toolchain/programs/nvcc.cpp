#include "toolchain/nvcc.h"

int main(int argc, char** argv) { return anywarp::toolchain::nvcc_main({argv + 1, argv + argc}); }
