// The operations of reduce and scan.
#ifndef ANYWARP_COOPERATIVE_GROUPS_FUNCTIONAL_H
#define ANYWARP_COOPERATIVE_GROUPS_FUNCTIONAL_H

#include "crt/attributes.h"

namespace cooperative_groups {

#define AW_OPERATION(name, expression)                                                          \
  template <class T = void>                                                                     \
  struct name {                                                                                 \
    AW_DEVICE_MEMBER T operator()(const T& a, const T& b) const { return expression; }          \
  };                                                                                            \
  template <>                                                                                   \
  struct name<void> {                                                                           \
    template <class T>                                                                          \
    AW_DEVICE_MEMBER T operator()(const T& a, const T& b) const {                               \
      return expression;                                                                        \
    }                                                                                           \
  };
AW_OPERATION(plus, a + b)
AW_OPERATION(less, b < a ? b : a)
AW_OPERATION(greater, a < b ? b : a)
AW_OPERATION(bit_and, a & b)
AW_OPERATION(bit_or, a | b)
AW_OPERATION(bit_xor, a ^ b)
#undef AW_OPERATION

}  // namespace cooperative_groups

#endif
