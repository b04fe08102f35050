// What a context owns: streams, events, modules, arrays. They end with it.
#pragma once

#include "driver/handles.h"

namespace anywarp::driver {

class Context;

class Object {
 public:
  /// Registers a handle; handle() is null if there are too many.
  Object(Kind kind, Context& context);
  virtual ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  void* handle() const { return handle_; }
  Context& context() const { return context_; }

 private:
  Context& context_;
  void* handle_;
};

}  // namespace anywarp::driver
