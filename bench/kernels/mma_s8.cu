#include "mma.h"

int main() { return tensor::run_tiles<int8_t>(); }
