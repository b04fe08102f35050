#include "matmul_tiled.h"

int main() { return measure<16>(); }
