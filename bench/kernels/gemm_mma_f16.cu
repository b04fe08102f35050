#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_mma<__half, false>, 128); }
