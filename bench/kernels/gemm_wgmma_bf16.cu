#include "wgmma.h"

int main() { return tensor::run_product(tensor::multiply_wgmma<__nv_bfloat16>, 128, true); }
