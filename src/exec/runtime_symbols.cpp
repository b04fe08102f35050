#include "exec/runtime_symbols.h"

#include "exec/abi.h"

namespace anywarp::exec {

std::span<const RuntimeSymbol> runtime_symbols() {
#define AW_SYMBOL(name) \
  { #name, reinterpret_cast<void*>(&name) }
  static const RuntimeSymbol symbols[] = {
      AW_SYMBOL(aw_vprintf),
      AW_SYMBOL(aw_assertfail),
      AW_SYMBOL(aw_trap),
      AW_SYMBOL(aw_malloc),
      AW_SYMBOL(aw_free),
      AW_SYMBOL(aw_clock64),
      AW_SYMBOL(aw_globaltimer),
      AW_SYMBOL(aw_nanosleep),
      AW_SYMBOL(aw_barrier_arrive),
      AW_SYMBOL(aw_texture),
      AW_SYMBOL(aw_scalar_barrier),
      AW_SYMBOL(aw_scalar_barrier_red),
      AW_SYMBOL(aw_scalar_syncwarp),
      AW_SYMBOL(aw_scalar_shfl),
      AW_SYMBOL(aw_scalar_ballot),
      AW_SYMBOL(aw_scalar_match_any),
      AW_SYMBOL(aw_scalar_match_all),
      AW_SYMBOL(aw_scalar_redux),
      AW_SYMBOL(aw_scalar_activemask),
      AW_SYMBOL(aw_scalar_yield),
      AW_SYMBOL(aw_scalar_this_thread),
  };
#undef AW_SYMBOL
  return symbols;
}

}  // namespace anywarp::exec
