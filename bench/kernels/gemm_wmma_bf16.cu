#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_wmma<__nv_bfloat16, float, 16, 16, 16, 128, 64>, 128); }
