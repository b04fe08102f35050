#include "wgmma.h"

int main() { return tensor::run_product(tensor::multiply_wgmma<__half>, 128, true); }
