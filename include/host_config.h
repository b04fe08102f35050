// The old name of crt/host_config.h, which clang still includes.
#include "crt/host_config.h"
