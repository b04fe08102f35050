#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_wmma<signed char, int, 16, 16, 16, 128, 128>, 128); }
