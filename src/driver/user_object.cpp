#include "driver/user_object.h"

#include "driver/entry_points.h"
#include "driver/graph.h"
#include "driver/process.h"

#include <algorithm>

namespace anywarp::driver {

UserReference::~UserReference() { (void)object->release(count); }

std::shared_ptr<UserObject> UserObject::make(void* object, CUhostFn destroy, unsigned references) {
  auto made = std::make_shared<UserObject>(object, destroy, references);
  made->handle_ = static_cast<CUuserObject>(process()->handles().add(kKind, made.get()));
  if (!made->handle_) return nullptr;
  made->self_ = made;
  return made;
}

void UserObject::retain(unsigned count) { references_.fetch_add(count, std::memory_order_relaxed); }

Result<> UserObject::release(unsigned count) {
  unsigned had = references_.load(std::memory_order_relaxed);
  do {
    if (had < count)
      return invalid_value("The object has " + std::to_string(had) + " references; " + std::to_string(count) + " were to be released.");
  } while (!references_.compare_exchange_weak(had, had - count, std::memory_order_acq_rel));
  if (had != count) return {};
  process()->handles().remove(handle_);
  const std::shared_ptr<UserObject> last = std::move(self_);
  destroy_(object_);
  return {};
}

namespace api {
namespace {

Result<UserObject*> object_of(CUuserObject handle) {
  UserObject* object = find<UserObject>(handle);
  if (!object) return invalid_value("The handle is not one of a live user object.");
  return object;
}

Result<> check_count(unsigned count) {
  if (count == 0 || count > 0x7fffffffu) return invalid_value("The count of " + std::to_string(count) + " is not within 1..2147483647.");
  return {};
}

}  // namespace

Result<> cuUserObjectCreate(CUuserObject* object_out, void* ptr, CUhostFn destroy, unsigned int initialRefcount, unsigned int flags) {
  AW_TRY(need(object_out, "object_out"));
  if (!destroy) return invalid_value("The argument 'destroy' is null.");
  AW_TRY(check_count(initialRefcount));
  if (flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC) return invalid_value("The flags must be CU_USER_OBJECT_NO_DESTRUCTOR_SYNC.");
  const auto made = UserObject::make(ptr, destroy, initialRefcount);
  if (!made) return Error{CUDA_ERROR_OUT_OF_MEMORY, "There are four million live handles, and there can be no more.", ""};
  *object_out = made->handle();
  return {};
}

Result<> cuUserObjectRetain(CUuserObject object, unsigned int count) {
  AW_ASSIGN(UserObject * of, object_of(object));
  AW_TRY(check_count(count));
  of->retain(count);
  return {};
}

Result<> cuUserObjectRelease(CUuserObject object, unsigned int count) {
  AW_ASSIGN(UserObject * of, object_of(object));
  AW_TRY(check_count(count));
  return of->release(count);
}

Result<> cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned int count, unsigned int flags) {
  AW_ASSIGN(UserObject * kept, object_of(object));
  AW_TRY(check_count(count));
  if ((flags & ~unsigned(CU_GRAPH_USER_OBJECT_MOVE)) != 0) return invalid_value("The flags " + std::to_string(flags) + " do not exist.");
  const GraphLock lock;
  AW_ASSIGN(Graph * of, graph_of(graph));
  if ((flags & CU_GRAPH_USER_OBJECT_MOVE) == 0)
    kept->retain(count);
  else if (kept->references() < count)
    return invalid_value("The caller has not the references that it would move.");
  of->user_references.push_back(std::make_shared<UserReference>(kept->shared_from_this(), count));
  return {};
}

Result<> cuGraphReleaseUserObject(CUgraph graph, CUuserObject object, unsigned int count) {
  AW_ASSIGN(UserObject * kept, object_of(object));
  AW_TRY(check_count(count));
  std::vector<std::shared_ptr<UserReference>> dropped;
  const GraphLock lock;
  AW_ASSIGN(Graph * of, graph_of(graph));
  unsigned has = 0;
  for (const auto& reference : of->user_references)
    if (reference->object.get() == kept) has += reference->count;
  if (has < count) return invalid_value("The graph has " + std::to_string(has) + " references of the object.");
  std::erase_if(of->user_references, [&](std::shared_ptr<UserReference>& reference) {
    if (reference->object.get() != kept) return false;
    dropped.push_back(std::move(reference));
    return true;
  });
  if (has == count) return {};
  kept->retain(has - count);
  of->user_references.push_back(std::make_shared<UserReference>(kept->shared_from_this(), has - count));
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
