// The atomic functions of all architectures are in one header.
#include "device_atomic_functions.h"
