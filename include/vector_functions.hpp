// The definitions are in the header.
#include "vector_functions.h"
