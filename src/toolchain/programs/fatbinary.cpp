#include "toolchain/fatbinary.h"

int main(int argc, char** argv) { return anywarp::toolchain::fatbinary_main({argv + 1, argv + argc}); }
