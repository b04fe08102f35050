// A part of mma.h.
#include "../mma.h"
