#include "gemm.h"

int main() { return tensor::run_product(tensor::multiply_mma<int8_t, true>, 128, true); }
