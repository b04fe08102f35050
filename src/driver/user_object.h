// A user object: a destructor of the program's that runs when the last reference is gone, be it the program's or a graph's.
#pragma once

#include "base/result.h"
#include "driver/handles.h"

#include <cuda.h>

#include <memory>

namespace anywarp::driver {

class UserObject : public std::enable_shared_from_this<UserObject> {
 public:
  using Handle = CUuserObject;
  static constexpr Kind kKind = Kind::UserObject;

  UserObject(void* object, CUhostFn destroy, unsigned references) : object_(object), destroy_(destroy), references_(references) {}

  CUuserObject handle() const { return handle_; }
  /// Thread-safe. Errors of release: INVALID_VALUE when there are fewer.
  void retain(unsigned count);
  Result<> release(unsigned count);
  unsigned references() const { return references_.load(); }

  /// Makes the handle, and keeps the object until the count is down. Null: too many handles.
  static std::shared_ptr<UserObject> make(void* object, CUhostFn destroy, unsigned references);

 private:
  void* const object_;
  const CUhostFn destroy_;
  std::atomic<unsigned> references_;
  CUuserObject handle_ = nullptr;
  std::shared_ptr<UserObject> self_;  // until the count is down
};

}  // namespace anywarp::driver
