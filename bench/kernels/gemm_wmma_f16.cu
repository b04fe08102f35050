#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_wmma<__half, float, 16, 16, 16, 128, 64>, 128); }
