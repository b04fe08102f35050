#include "driver/process.h"

#include "base/environment.h"
#include "driver/context.h"
#include "driver/entry_points.h"
#include "observe/observe.h"

#include <pthread.h>

#include <cstdlib>
#include <mutex>
#include <string_view>

namespace anywarp::driver {
namespace {

std::atomic<Process*> the_process{nullptr};
std::atomic<bool> forked_child{false};

std::string uuid_text(const device::Properties& properties) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "GPU-";
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[properties.uuid[i] >> 4];
    text += kDigits[properties.uuid[i] & 15];
  }
  return text;
}

// The indices that CUDA_VISIBLE_DEVICES names, in its order: numbers or beginnings of UUIDs. As in CUDA the first
// entry that names no device, or one that was named before, hides itself and all behind it.
std::vector<size_t> visible(const std::vector<device::Properties>& all) {
  std::vector<size_t> chosen;
  const char* given = getenv("CUDA_VISIBLE_DEVICES");
  if (!given) {
    for (size_t i = 0; i < all.size(); ++i) chosen.push_back(i);
    return chosen;
  }
  // Set and empty hides every device; the table of variables takes an empty value for none.
  const std::string list = env::cuda_visible_devices();
  for (size_t at = 0; at < list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    std::string entry = list.substr(at, comma - at);
    entry.erase(0, entry.find_first_not_of(' '));
    entry.erase(entry.find_last_not_of(' ') + 1);
    at = comma + 1;
    size_t found = all.size();
    if (entry.starts_with("GPU-")) {
      for (size_t i = 0; i < all.size() && found == all.size(); ++i)
        if (uuid_text(all[i]).starts_with(entry)) found = i;
    } else if (!entry.empty() && entry.find_first_not_of("0123456789") == entry.npos && entry.size() < 4) {
      found = size_t(std::atoi(entry.c_str()));
    }
    if (found >= all.size()) break;
    for (const size_t earlier : chosen)
      if (earlier == found) return {};  // CUDA: a device that is named twice makes all of them invisible
    chosen.push_back(found);
  }
  return chosen;
}

}  // namespace

Process* process() { return the_process.load(std::memory_order_acquire); }

bool is_forked_child() { return forked_child.load(std::memory_order_relaxed); }

Result<> Process::start() {
  if (process()) return {};
  static std::mutex starting;
  std::lock_guard lock(starting);
  if (process()) return {};

  AW_ASSIGN(std::unique_ptr<backend::Backend> backend, backend::make_cpu());
  std::vector<device::Properties> all;
  for (uint32_t i = 0; i < env::devices(); ++i) all.push_back(device::of_host(backend->properties().workers, i));
  const std::vector<size_t> shown = visible(all);
  if (shown.empty()) return Error{CUDA_ERROR_NO_DEVICE, "CUDA_VISIBLE_DEVICES hides every device from the program.", ""};
  auto* made = new Process(std::move(backend));
  for (const size_t index : shown) {
    const auto ordinal = CUdevice(made->devices_.size());
    made->devices_.push_back(std::make_unique<Device>(ordinal, std::move(all[index])));
  }
  made->launch_blocking_ = env::cuda_launch_blocking();
  observe::add_from_environment();
  pthread_atfork(nullptr, nullptr, [] { forked_child.store(true, std::memory_order_relaxed); });
  the_process.store(made, std::memory_order_release);
  atexit([] { process()->exiting_.store(true, std::memory_order_relaxed); });
  for (const auto& device : made->devices_) device->start();
  return {};
}

void Process::end_of_thread(uint64_t thread) {
  if (is_forked_child()) return;
  for_each_context([&](Context& context) { context.end_of_thread(thread); });
}

void Process::add_context(Context& context) {
  std::lock_guard lock(contexts_mutex_);
  contexts_.push_back(&context);
}

void Process::remove_context(Context& context) {
  std::lock_guard lock(contexts_mutex_);
  std::erase(contexts_, &context);
}

Result<Device*> device_of(CUdevice device) {
  const auto& devices = process()->devices();
  if (device < 0 || size_t(device) >= devices.size())
    return Error{CUDA_ERROR_INVALID_DEVICE,
                 "There is no device " + std::to_string(device) + "; the last one is " + std::to_string(devices.size() - 1) + ".", ""};
  return devices[size_t(device)].get();
}

Result<> need(const void* pointer, const char* name) {
  if (pointer) return {};
  return invalid_value(std::string("The argument '") + name + "' is null.");
}

Error invalid_value(std::string why) { return {CUDA_ERROR_INVALID_VALUE, std::move(why), ""}; }

Error invalid_handle(const char* what) {
  return {CUDA_ERROR_INVALID_HANDLE, std::string("The handle is not one of a live ") + what + ".", ""};
}

namespace api {

Result<> cuInit(unsigned int Flags) {
  if (Flags != 0) return invalid_value("cuInit takes no flags, yet " + std::to_string(Flags) + " was given.");
  if (is_forked_child())
    return Error{CUDA_ERROR_NOT_INITIALIZED, "The process was forked from one that had called cuInit; such a child cannot use CUDA.", ""};
  return Process::start();
}

Result<> cuDriverGetVersion(int* driverVersion) {
  AW_TRY(need(driverVersion, "driverVersion"));
  *driverVersion = CUDA_VERSION;
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
