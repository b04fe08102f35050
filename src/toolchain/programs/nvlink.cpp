#include "toolchain/nvlink.h"

int main(int argc, char** argv) { return anywarp::toolchain::nvlink_main({argv + 1, argv + argc}); }
