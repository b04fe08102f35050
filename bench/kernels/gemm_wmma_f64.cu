#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_wmma<double, double, 8, 8, 4, 64, 16>, 64); }
