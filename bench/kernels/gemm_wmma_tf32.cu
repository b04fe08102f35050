#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_wmma<float, float, 16, 16, 8, 128, 32, nvcuda::wmma::precision::tf32>, 128); }
