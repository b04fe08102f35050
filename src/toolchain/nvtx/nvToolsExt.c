// libnvToolsExt: programs mark ranges of their time for a profiler with it. Where no profiler listens every call is allowed
// and does nothing, and that is so here. Programs link it by name, and CMake 3.25's FindCUDAToolkit fails without it.
#include <stdint.h>
#include <wchar.h>

// include/nvtx3/nvToolsExt.h has the same functions inline; these are for binaries that were built against the library.
typedef uint64_t nvtxRangeId_t;
typedef struct nvtxEventAttributes_v2 nvtxEventAttributes_t;
typedef struct nvtxDomainHandle* nvtxDomainHandle_t;
typedef struct nvtxStringHandle* nvtxStringHandle_t;

#define NO_TRACKING (-2)

void nvtxInitialize(const void* reserved) { (void)reserved; }
void nvtxMarkEx(const nvtxEventAttributes_t* attributes) { (void)attributes; }
void nvtxMarkA(const char* message) { (void)message; }
void nvtxMarkW(const wchar_t* message) { (void)message; }
nvtxRangeId_t nvtxRangeStartEx(const nvtxEventAttributes_t* attributes) { return (void)attributes, 0; }
nvtxRangeId_t nvtxRangeStartA(const char* message) { return (void)message, 0; }
nvtxRangeId_t nvtxRangeStartW(const wchar_t* message) { return (void)message, 0; }
void nvtxRangeEnd(nvtxRangeId_t id) { (void)id; }
int nvtxRangePushEx(const nvtxEventAttributes_t* attributes) { return (void)attributes, NO_TRACKING; }
int nvtxRangePushA(const char* message) { return (void)message, NO_TRACKING; }
int nvtxRangePushW(const wchar_t* message) { return (void)message, NO_TRACKING; }
int nvtxRangePop(void) { return NO_TRACKING; }
void nvtxNameCategoryA(uint32_t category, const char* name) { (void)category, (void)name; }
void nvtxNameCategoryW(uint32_t category, const wchar_t* name) { (void)category, (void)name; }
void nvtxNameOsThreadA(uint32_t thread, const char* name) { (void)thread, (void)name; }
void nvtxNameOsThreadW(uint32_t thread, const wchar_t* name) { (void)thread, (void)name; }
nvtxDomainHandle_t nvtxDomainCreateA(const char* name) { return (void)name, (nvtxDomainHandle_t)0; }
nvtxDomainHandle_t nvtxDomainCreateW(const wchar_t* name) { return (void)name, (nvtxDomainHandle_t)0; }
void nvtxDomainDestroy(nvtxDomainHandle_t domain) { (void)domain; }
void nvtxDomainMarkEx(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) { (void)domain, (void)attributes; }
nvtxRangeId_t nvtxDomainRangeStartEx(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  return (void)domain, (void)attributes, 0;
}
void nvtxDomainRangeEnd(nvtxDomainHandle_t domain, nvtxRangeId_t id) { (void)domain, (void)id; }
int nvtxDomainRangePushEx(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  return (void)domain, (void)attributes, NO_TRACKING;
}
int nvtxDomainRangePop(nvtxDomainHandle_t domain) { return (void)domain, NO_TRACKING; }
void nvtxDomainNameCategoryA(nvtxDomainHandle_t domain, uint32_t category, const char* name) { (void)domain, (void)category, (void)name; }
nvtxStringHandle_t nvtxDomainRegisterStringA(nvtxDomainHandle_t domain, const char* text) {
  return (void)domain, (void)text, (nvtxStringHandle_t)0;
}
