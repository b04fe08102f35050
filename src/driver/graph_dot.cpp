// cuGraphDebugDotPrint: a graph as Graphviz draws it, child graphs and bodies in clusters of their own.
#include "driver/entry_points.h"
#include "driver/graph.h"
#include "driver/graph_work.h"
#include "driver/process.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

namespace anywarp::driver {
namespace {

constexpr unsigned kKnownFlags = 0x1ffff;

class DotPrinter {
 public:
  DotPrinter(FILE* file, unsigned flags) : file_(file), flags_(flags) {}

  void print(Graph& graph) {
    fprintf(file_, "digraph dot {\n");
    print_cluster(graph);
    fprintf(file_, "}\n");
  }

 private:
  bool wants(unsigned flag) const { return (flags_ & (CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE | flag)) != 0; }

  void print_cluster(Graph& graph) {
    const auto id = [](const Graph& of) { return (unsigned long long)of.id(); };
    fprintf(file_, "subgraph cluster_%llu {\nlabel=\"graph_%llu\" graph[style=\"dashed\"];\n", id(graph), id(graph));
    for (const auto& node : graph.nodes()) print_node(*node);
    for (const auto& node : graph.nodes())
      for (const Edge& edge : node->dependents) {
        fprintf(file_, "\"%s\" -> \"%s\"", name(*node).c_str(), name(*edge.node).c_str());
        if (edge.data.type != CU_GRAPH_DEPENDENCY_TYPE_DEFAULT || edge.data.from_port != 0)
          fprintf(file_, "[label=\"port %u, %s\"]", unsigned(edge.data.from_port),
                  edge.data.type == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC ? "programmatic" : "full");
        fprintf(file_, ";\n");
      }
    for (const auto& node : graph.nodes())
      for (const auto& inner : node->graphs) print_cluster(*inner);
    fprintf(file_, "}\n");
  }

  static std::string name(const Node& node) { return "graph_" + std::to_string(node.graph().id()) + "_node_" + std::to_string(node.id()); }

  void print_node(Node& node) {
    label_ = std::to_string(node.id()) + "\\n" + name_of(node.type());
    switch (node.type()) {
      case CU_GRAPH_NODE_TYPE_KERNEL: describe(work_of<KernelWork>(node.work())); break;
      case CU_GRAPH_NODE_TYPE_MEMCPY: describe(work_of<CopyWork>(node.work())); break;
      case CU_GRAPH_NODE_TYPE_MEMSET: {
        const CUDA_MEMSET_NODE_PARAMS p = work_of<FillWork>(node.work()).params();
        if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_MEMSET_NODE_PARAMS))
          line("0x%llx, pitch %zu, value %u, %u bytes each, %zu x %zu", p.dst, p.pitch, p.value, p.elementSize, p.width, p.height);
        break;
      }
      case CU_GRAPH_NODE_TYPE_HOST: {
        const CUDA_HOST_NODE_PARAMS& p = work_of<HostWork>(node.work()).params;
        if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_HOST_NODE_PARAMS)) line("%p(%p)", reinterpret_cast<void*>(p.fn), p.userData);
        break;
      }
      case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_EVENT_NODE_PARAMS)) line("%p", static_cast<void*>(work_of<EventRecordWork>(node.work()).event));
        break;
      case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_EVENT_NODE_PARAMS)) line("%p", static_cast<void*>(work_of<EventWaitWork>(node.work()).event));
        break;
      case CU_GRAPH_NODE_TYPE_MEM_ALLOC: {
        const GraphRange& range = *work_of<AllocationWork>(node.work()).range;
        if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_MEM_ALLOC_NODE_PARAMS)) line("%zu bytes at 0x%llx", range.bytes, range.base);
        break;
      }
      case CU_GRAPH_NODE_TYPE_MEM_FREE:
        if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_MEM_FREE_NODE_PARAMS)) line("0x%llx", work_of<FreeWork>(node.work()).range->base);
        break;
      case CU_GRAPH_NODE_TYPE_GRAPH: line("graph_%llu", (unsigned long long)node.graphs.front()->id()); break;
      case CU_GRAPH_NODE_TYPE_CONDITIONAL: describe(node, work_of<ConditionalWork>(node.work())); break;
      default: break;
    }
    if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_HANDLES)) line("handle %p", static_cast<void*>(node.handle()));
    fprintf(file_, "\"%s\"[style=\"solid\" shape=\"%s\" label=\"%s\"];\n", name(node).c_str(),
            node.type() == CU_GRAPH_NODE_TYPE_KERNEL ? "octagon" : "rectangle", label_.c_str());
  }

  void describe(const KernelWork& work) {
    const backend::Launch& launch = work.launch();
    line("%s", launch.kernel->name().c_str());
    if (!wants(CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_PARAMS)) return;
    line("<<<(%u,%u,%u), (%u,%u,%u), %u>>>", launch.grid.x, launch.grid.y, launch.grid.z, launch.block.x, launch.block.y, launch.block.z,
         launch.dynamic_shared);
    if (!wants(CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_ATTRIBUTES)) return;
    line("cooperative %d, cluster (%u,%u,%u)", int(launch.cooperative), launch.cluster.x, launch.cluster.y, launch.cluster.z);
  }

  void describe(const CopyWork& work) {
    if (!wants(CU_GRAPH_DEBUG_DOT_FLAGS_MEMCPY_NODE_PARAMS)) return;
    static constexpr const char* kNames[] = {"?", "host", "device", "array", "unified"};
    const CUDA_MEMCPY3D& p = work.params();
    line("%s to %s, %zu x %zu x %zu bytes", kNames[p.srcMemoryType], kNames[p.dstMemoryType], p.WidthInBytes, p.Height, p.Depth);
  }

  void describe(const Node& node, const ConditionalWork& work) {
    static constexpr const char* kNames[] = {"if", "while", "switch"};
    line("%s", kNames[work.kind]);
    if (wants(CU_GRAPH_DEBUG_DOT_FLAGS_CONDITIONAL_NODE_PARAMS)) line("handle 0x%llx", (unsigned long long)work.value->handle());
    for (const auto& body : node.graphs) line("graph_%llu", (unsigned long long)body->id());
  }

  void line(const char* format, ...) __attribute__((format(printf, 2, 3))) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    label_ += "\\n";
    label_ += text;
  }

  FILE* const file_;
  const unsigned flags_;
  std::string label_;
};

}  // namespace

namespace api {

Result<> cuGraphDebugDotPrint(CUgraph hGraph, const char* path, unsigned int flags) {
  AW_TRY(need(path, "path"));
  if ((flags & ~kKnownFlags) != 0) return invalid_value("The flags " + std::to_string(flags) + " do not exist.");
  const GraphLock lock;
  AW_ASSIGN(Graph * graph, graph_of(hGraph));
  FILE* file = fopen(path, "w");
  if (!file) return Error{CUDA_ERROR_OPERATING_SYSTEM, std::string("The file '") + path + "' cannot be written.", ""};
  DotPrinter(file, flags).print(*graph);
  if (fclose(file) != 0) return Error{CUDA_ERROR_OPERATING_SYSTEM, std::string("The file '") + path + "' cannot be written.", ""};
  return {};
}

}  // namespace api
}  // namespace anywarp::driver
