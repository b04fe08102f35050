#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_mma<__nv_bfloat16, false>, 128); }
