// cuLink: PTX modules become one, whose text is what cuLinkComplete gives for a cubin; cuModuleLoadData takes it as it takes
// all PTX.
#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/module.h"
#include "driver/process.h"
#include "ptx/fatbin.h"
#include "ptx/ptx.h"

namespace anywarp::driver {
namespace {

class LinkState final : public Object {
 public:
  using Handle = CUlinkState;
  static constexpr Kind kKind = Kind::Link;

  LinkState(Context& context, JitOptions options) : Object(kKind, context), options_(options) {}

  Result<> add(std::vector<ptx::Text> texts, const char* name) {
    return logged([&]() -> Result<> {
      for (ptx::Text& text : texts) {
        if (name && *name) text.name = name;
        AW_ASSIGN(auto module, parse_verified(text));
        modules_.push_back(std::move(module));
      }
      return {};
    });
  }

  Result<> complete() {
    return logged([&]() -> Result<> {
      if (modules_.empty()) return invalid_value("There is nothing to link.");
      AW_ASSIGN(auto linked, link_modules(modules_));
      output_ = ptx::print(*linked);
      return {};
    });
  }
  std::string& output() { return output_; }

 private:
  template <class Step>
  Result<> logged(const Step& step) {
    Result<> result = step();
    if (!result) options_.write_error("anywarp: error: " + result.error().text() + "\n");
    return result;
  }

  JitOptions options_;
  std::vector<std::shared_ptr<const ptx::Module>> modules_;
  std::string output_;
};

Result<LinkState*> state_of(CUlinkState handle) {
  LinkState* state = find<LinkState>(handle);
  if (!state) return invalid_handle("link");
  AW_TRY(state->context().usable());
  return state;
}

Result<std::vector<ptx::Text>> read_input(CUjitInputType type, const void* data, size_t bytes) {
  switch (type) {
    case CU_JIT_INPUT_PTX:
    case CU_JIT_INPUT_FATBINARY: return ptx::read_image(data, bytes, capability());
    case CU_JIT_INPUT_OBJECT:
    case CU_JIT_INPUT_LIBRARY: return ptx::read_object({static_cast<const char*>(data), bytes}, capability());
    case CU_JIT_INPUT_CUBIN: {
      // What cuLinkComplete and NVRTC's stand-in give as a cubin is PTX; a real one is refused with the reason.
      return ptx::read_image(data, bytes, capability());
    }
    case CU_JIT_INPUT_NVVM: return Error{CUDA_ERROR_NOT_SUPPORTED, "Linking NVVM IR is not supported; hand over PTX.", ""};
    default: return invalid_value("There is no kind of input " + std::to_string(int(type)) + ".");
  }
}

}  // namespace

namespace api {

Result<> cuLinkCreate_v2(unsigned int numOptions, CUjit_option* options, void** optionValues, CUlinkState* stateOut) {
  AW_TRY(need(stateOut, "stateOut"));
  AW_ASSIGN(Context * context, current_context());
  AW_ASSIGN(JitOptions read, JitOptions::read(numOptions, options, optionValues));
  AW_ASSIGN(LinkState * state, context->own(std::make_unique<LinkState>(*context, read)));
  *stateOut = static_cast<CUlinkState>(state->handle());
  return {};
}

Result<> cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void* data, size_t size, const char* name, unsigned int numOptions,
                          CUjit_option* options, void** optionValues) {
  AW_TRY(need(data, "data"));
  AW_ASSIGN(LinkState * link, state_of(state));
  AW_ASSIGN(std::vector<ptx::Text> texts, read_input(type, data, size));
  return link->add(std::move(texts), name);
}

Result<> cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char* path, unsigned int numOptions, CUjit_option* options,
                          void** optionValues) {
  AW_TRY(need(path, "path"));
  AW_ASSIGN(LinkState * link, state_of(state));
  AW_ASSIGN(std::string content, read_file(path));
  AW_ASSIGN(std::vector<ptx::Text> texts, read_input(type, content.data(), content.size()));
  return link->add(std::move(texts), path);
}

Result<> cuLinkComplete(CUlinkState state, void** cubinOut, size_t* sizeOut) {
  AW_TRY(need(cubinOut, "cubinOut"));
  AW_ASSIGN(LinkState * link, state_of(state));
  AW_TRY(link->complete());
  *cubinOut = link->output().data();
  if (sizeOut) *sizeOut = link->output().size() + 1;
  return {};
}

Result<> cuLinkDestroy(CUlinkState state) {
  AW_ASSIGN(LinkState * link, state_of(state));
  link->context().destroy(*link);
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
