#include "peak.h"

int main() { return tensor::report_product<float>(32, _mm512_setzero_ps()); }
