#include "toolchain/ptxas.h"

int main(int argc, char** argv) { return anywarp::toolchain::ptxas_main({argv + 1, argv + argc}); }
