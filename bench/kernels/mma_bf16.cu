#include "mma.h"

int main() { return tensor::run_tiles<__nv_bfloat16>(); }
