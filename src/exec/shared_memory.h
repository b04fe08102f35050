// Shared memory of blocks: slots below 4 GiB, because PTX programs keep shared addresses in 32-bit registers.
#pragma once

#include <cstddef>

namespace anywarp::exec {

/// One slot: kMaxSharedBytes with a guard page on either side. The slots are cached, never given back.
struct SharedSlot {
  char* begin = nullptr;
  char* end = nullptr;
  explicit operator bool() const { return begin != nullptr; }
  /// Where `bytes` of shared memory lie: as near to the guard page behind as 1024-byte alignment allows, so that most
  /// overruns are caught.
  char* place(size_t bytes) const { return end - (bytes + 1023) / 1024 * 1024; }
};

/// An empty slot when there is no room below 4 GiB. Thread-safe.
SharedSlot take_shared_slot();
void give_shared_slot(SharedSlot slot);

}  // namespace anywarp::exec
