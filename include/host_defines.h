// The old name of crt/host_defines.h, which clang still includes.
#include "crt/host_defines.h"
