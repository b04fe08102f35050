#include "kernel_run/runner.h"

#include "backend/cpu/cpu.h"
#include "jit/jit.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace anywarp::kernel_run {
namespace {

std::string error_name(CUresult code) {
  switch (code) {
    case CUDA_ERROR_ILLEGAL_ADDRESS: return "ILLEGAL_ADDRESS";
    case CUDA_ERROR_MISALIGNED_ADDRESS: return "MISALIGNED_ADDRESS";
    case CUDA_ERROR_ASSERT: return "ASSERT";
    case CUDA_ERROR_LAUNCH_FAILED: return "LAUNCH_FAILED";
    case CUDA_ERROR_ILLEGAL_INSTRUCTION: return "ILLEGAL_INSTRUCTION";
    case CUDA_ERROR_NOT_SUPPORTED: return "NOT_SUPPORTED";
    default: return std::to_string(int(code));
  }
}

/// The parameter buffer: pointers and values at the offsets that the kernel says.
Result<std::vector<std::byte>> pack(const backend::Kernel& kernel, const Case& test, const std::vector<void*>& addresses) {
  const auto parameters = kernel.parameters();
  if (parameters.size() > test.arguments.size())
    return Error{CUDA_ERROR_INVALID_VALUE,
                 "The kernel '" + kernel.name() + "' has " + std::to_string(parameters.size()) + " parameters; the test gives " +
                     std::to_string(test.arguments.size()) + ".",
                 {}};
  std::vector<std::byte> bytes(kernel.parameter_bytes());
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Argument& argument = test.arguments[i];
    const void* from = argument.is_buffer ? static_cast<const void*>(&addresses[i]) : argument.bytes.data();
    const size_t size = argument.is_buffer ? sizeof(void*) : argument.bytes.size();
    if (size != parameters[i].size)
      return Error{CUDA_ERROR_INVALID_VALUE,
                   "The parameter for '" + argument.name + "' has " + std::to_string(parameters[i].size) + " bytes; the test gives " +
                       std::to_string(size) + ".",
                   {}};
    memcpy(bytes.data() + parameters[i].offset, from, size);
  }
  return bytes;
}

std::vector<uint8_t> sorted(const Argument& argument, const std::vector<uint8_t>& bytes) {
  std::vector<std::vector<uint8_t>> elements;
  for (size_t i = 0; i < bytes.size(); i += argument.element.bytes)
    elements.emplace_back(bytes.begin() + long(i), bytes.begin() + long(i + argument.element.bytes));
  std::sort(elements.begin(), elements.end());
  std::vector<uint8_t> result;
  for (const auto& element : elements) result.insert(result.end(), element.begin(), element.end());
  return result;
}

/// "scalar", a width, or "vector".
compile::Options options_of(const std::string& engine) {
  compile::Options options;
  options.engine = engine == "scalar" ? compile::Engine::Scalar : compile::Engine::Vector;
  options.width = static_cast<uint32_t>(atoi(engine.c_str()));
  options.use_cache = false;
  return options;
}

}  // namespace

Result<std::string> assembly(const Case& test, const ptx::Module& module, const std::string& engine, const std::string& target) {
  compile::Options options = options_of(engine);
  AW_ASSIGN(options.processor, jit::find_processor(target));
  std::string text;
  for (const LaunchLine& line : test.launches) {
    spmd::LaunchShape shape;
    std::copy(std::begin(line.block), std::end(line.block), shape.block);
    shape.cooperative = line.cooperative;
    AW_ASSIGN(const std::string code, compile::assembly(module, line.kernel, shape, options));
    text += code;
  }
  return text;
}

Result<Run> run(const Case& test, const std::shared_ptr<const ptx::Module>& module, const std::string& engine) {
  backend::cpu::Options options;
  options.compile = options_of(engine);
  options.workers = 1;
  AW_ASSIGN(auto device, backend::cpu::make(options));
  AW_ASSIGN(auto program, device->load(module));
  Run result{engine, {}, {}};
  std::vector<void*> addresses;
  for (const Argument& argument : test.arguments) {
    void* address = nullptr;
    if (argument.is_buffer) {
      AW_ASSIGN(address, device->allocate(argument.bytes.size()));
      memcpy(address, argument.bytes.data(), argument.bytes.size());
    }
    addresses.push_back(address);
  }
  for (const LaunchLine& line : test.launches) {
    backend::Launch launch{};
    launch.kernel = program->kernel(line.kernel);
    if (!launch.kernel) return Error{CUDA_ERROR_NOT_FOUND, "There is no kernel '" + line.kernel + "'.", {}};
    launch.grid = {line.grid[0], line.grid[1], line.grid[2]};
    launch.block = {line.block[0], line.block[1], line.block[2]};
    launch.cluster = {1, 1, 1};
    launch.dynamic_shared = line.shared;
    launch.cooperative = line.cooperative;
    AW_ASSIGN(const std::vector<std::byte> parameters, pack(*launch.kernel, test, addresses));
    launch.params = parameters;
    if (Result<> launched = device->launch(launch); !launched) {
      if (test.error.empty()) return launched.take_error();
      result.error = error_name(launched.error().code);
      break;
    }
  }
  device->flush_output();
  for (size_t i = 0; i < addresses.size(); ++i) {
    const auto* bytes = static_cast<const uint8_t*>(addresses[i]);
    result.buffers.emplace_back();
    if (bytes) result.buffers.back().assign(bytes, bytes + test.arguments[i].bytes.size());
  }
  for (void* address : addresses)
    if (address) device->release(address);
  return result;
}

bool compare(const std::string& file, const Argument& argument, const std::vector<uint8_t>& got, const std::string& got_by,
             std::vector<uint8_t> want, const std::string& want_by, const Tolerance& tolerance) {
  if (tolerance.off) return true;
  std::vector<uint8_t> have = got;
  have.resize(want.size());
  if (tolerance.unordered) have = sorted(argument, have), want = sorted(argument, want);
  unsigned differences = 0;
  for (size_t i = 0; i * argument.element.bytes < want.size(); ++i) {
    const uint8_t *a = have.data() + i * argument.element.bytes, *b = want.data() + i * argument.element.bytes;
    if (agree(argument.element, a, b, tolerance)) continue;
    if (++differences <= 4)
      fprintf(stderr, "%s: %s[%zu] is %s with %s; %s says %s\n", file.c_str(), argument.name.c_str(), i, show(argument.element, a).c_str(),
              got_by.c_str(), want_by.c_str(), show(argument.element, b).c_str());
  }
  if (differences > 4) fprintf(stderr, "%s: %s: %u differences in all\n", file.c_str(), argument.name.c_str(), differences);
  return differences == 0;
}

bool run_all(const std::string& file, const Case& test, const std::shared_ptr<const ptx::Module>& module) {
  bool good = true;
  std::vector<Run> runs;
  for (const std::string& engine : test.engines) {
    Result<Run> done = run(test, module, engine);
    if (!done) {
      fprintf(stderr, "%s: engine %s: %s\n", file.c_str(), engine.c_str(), done.error().text().c_str());
      good = false;
      continue;
    }
    if (done->error != test.error) {
      fprintf(stderr, "%s: engine %s: the launch ended with '%s', not '%s'\n", file.c_str(), engine.c_str(), done->error.c_str(),
              test.error.c_str());
      good = false;
    }
    runs.push_back(std::move(*done));
  }
  if (!test.error.empty()) return good;
  for (const Run& one : runs)
    for (size_t i = 0; i < test.arguments.size(); ++i) {
      const Argument& argument = test.arguments[i];
      if (!argument.is_buffer) continue;
      if (argument.has_expectation)
        good &= compare(file, argument, one.buffers[i], "engine " + one.engine, argument.expected, "the expectation",
                        argument.expect_tolerance);
      if (&one != &runs.front())
        good &= compare(file, argument, one.buffers[i], "engine " + one.engine, runs.front().buffers[i], "engine " + runs.front().engine,
                        argument.compare);
    }
  return good;
}

}  // namespace anywarp::kernel_run
