// The runtime against a driver that only notes its calls: what becomes of each call's arguments, and of the driver's answers.

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <thread>

#include "runtime/fake_driver.h"

extern "C" {
void** __cudaRegisterFatBinary(void* fatCubin);
void __cudaRegisterFatBinaryEnd(void** handle);
void __cudaUnregisterFatBinary(void** handle);
void __cudaRegisterFunction(void** handle, const char* stub, char* device_stub, const char* name, int, uint3*, uint3*, dim3*, dim3*, int*);
void __cudaRegisterVar(void** handle, char* shadow, char* address, const char* name, int ext, size_t size, int constant, int global);
void __cudaRegisterManagedVar(void** handle, void** pointer, char* address, const char* name, int ext, size_t size, int constant,
                              int global);
char __cudaInitModule(void** handle);
void __anywarpRegisterManagedSection(void* begin, void* end);
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, CUstream_st* stream);
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream);
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* stub);
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared, cudaStream_t stream);
cudaError_t cudaMemcpy_ptds(void* dst, const void* src, size_t count, cudaMemcpyKind kind);
cudaError_t cudaStreamQuery_ptsz(cudaStream_t stream);
cudaError_t cudaLaunchKernel_ptsz(const void* stub, dim3 grid, dim3 block, void** arguments, size_t shared, cudaStream_t stream);
cudaError_t cudaFreeAsync_ptsz(void* pointer, cudaStream_t stream);
}

namespace anywarp::runtime {
namespace {

using Calls = std::vector<std::string>;

void* at(uintptr_t address) { return reinterpret_cast<void*>(address); }

class Runtime : public testing::Test {
 protected:
  Runtime() {
    cudaSetDevice(0);
    (void)cudaGetLastError();
    fake::clear();
  }

  /// The calls since the last time that this was asked.
  static Calls calls() {
    Calls list = fake::calls();
    fake::calls().clear();
    return list;
  }
};

// ---- devices and errors

TEST_F(Runtime, CountsDevices) {
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(cudaGetDeviceCount(nullptr), cudaErrorInvalidValue);
}

TEST_F(Runtime, ChoosesDevices) {
  int device = -1;
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 1);
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(1000), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 1);
  std::thread([] {
    int other = -1;
    EXPECT_EQ(cudaGetDevice(&other), cudaSuccess);
    EXPECT_EQ(other, 0);
  }).join();
}

TEST_F(Runtime, FillsEveryProperty) {
  // The fake's attributes are 1000 + their number, so a member that is left 0 or comes from another attribute shows.
  cudaDeviceProp prop;
  ASSERT_EQ(cudaGetDeviceProperties(&prop, 1), cudaSuccess);
  EXPECT_STREQ(prop.name, "fake 1");
  EXPECT_EQ(prop.uuid.bytes[15], 0x41);
  EXPECT_EQ(prop.totalGlobalMem, size_t{1} << 33);
  int value = 0;
  const auto expect = [&](long long member, cudaDeviceAttr attribute) {
    EXPECT_EQ(cudaDeviceGetAttribute(&value, attribute, 1), cudaSuccess);
    EXPECT_EQ(member, value) << attribute;
  };
  expect(static_cast<long long>(prop.sharedMemPerBlock), cudaDevAttrMaxSharedMemoryPerBlock);
  expect(prop.regsPerBlock, cudaDevAttrMaxRegistersPerBlock);
  expect(prop.warpSize, cudaDevAttrWarpSize);
  expect(prop.maxThreadsDim[2], cudaDevAttrMaxBlockDimZ);
  expect(prop.maxGridSize[0], cudaDevAttrMaxGridDimX);
  expect(prop.major, cudaDevAttrComputeCapabilityMajor);
  expect(prop.minor, cudaDevAttrComputeCapabilityMinor);
  expect(prop.multiProcessorCount, cudaDevAttrMultiProcessorCount);
  expect(prop.maxTexture2DLayered[2], cudaDevAttrMaxTexture2DLayeredLayers);
  expect(prop.maxSurfaceCubemapLayered[1], cudaDevAttrMaxSurfaceCubemapLayeredLayers);
  expect(static_cast<long long>(prop.sharedMemPerBlockOptin), cudaDevAttrMaxSharedMemoryPerBlockOptin);
  expect(prop.hostRegisterReadOnlySupported, cudaDevAttrHostRegisterReadOnlySupported);
  expect(prop.hostNumaMultinodeIpcSupported, cudaDevAttrHostNumaMultinodeIpcSupported);
  // Every word between the name's end and the reserved ones is set: nothing is forgotten.
  const auto* words = reinterpret_cast<const int*>(&prop.sharedMemPerBlock);
  const auto* end = reinterpret_cast<const int*>(prop.reserved);
  int zero = 0, run = 0;
  for (; words != end; ++words) {
    run = *words == 0 ? run + 1 : 0;
    zero = run > zero ? run : zero;
  }
  EXPECT_LE(zero, 1);  // the upper half of a size_t, or padding
  EXPECT_EQ(cudaGetDeviceProperties(&prop, 2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDeviceProperties(nullptr, 0), cudaErrorInvalidValue);
}

TEST_F(Runtime, RemembersTheLastErrorOfEachThread) {
  EXPECT_EQ(cudaMalloc(nullptr, 1), cudaErrorInvalidValue);
  std::thread([] { EXPECT_EQ(cudaGetLastError(), cudaSuccess); }).join();
  void* pointer = nullptr;
  EXPECT_EQ(cudaMalloc(&pointer, 1), cudaSuccess);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_F(Runtime, StickyErrorsStayUntilTheReset) {
  fake::fail("cuCtxSynchronize", 700);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(Runtime, NamesErrors) {
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaSuccess), "no error");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorIllegalAddress), "an illegal memory access was encountered");
  EXPECT_STREQ(cudaGetErrorName(static_cast<cudaError_t>(77777)), "unrecognized error code");
  EXPECT_STREQ(cudaGetErrorString(static_cast<cudaError_t>(77777)), "unrecognized error code");
}

TEST_F(Runtime, TheDriversLackIsNotSupported) {
  // The fake has no cuStreamGetPriority, and the runtime no notifications.
  int priority = 0;
  EXPECT_EQ(cudaStreamGetPriority(nullptr, &priority), cudaErrorNotSupported);
  testing::internal::CaptureStderr();
  cudaAsyncCallbackHandle_t handle = nullptr;
  EXPECT_EQ(cudaDeviceRegisterAsyncNotification(0, nullptr, nullptr, &handle), cudaErrorNotSupported);
  EXPECT_EQ(cudaDeviceRegisterAsyncNotification(0, nullptr, nullptr, &handle), cudaErrorNotSupported);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "anywarp: warning: cudaDeviceRegisterAsyncNotification is not supported\n");
}

TEST_F(Runtime, ResetsAndRetainsAgain) {
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  fake::clear();
  EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuDevicePrimaryCtxReset_v2(1)"});
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 1);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuDevicePrimaryCtxRetain(1)", "cuCtxSynchronize()"}));
}

TEST_F(Runtime, AThreadThatHasAResetContextCurrentGetsItBack) {
  std::thread([&] {
    EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
    std::thread([] { EXPECT_EQ(cudaDeviceReset(), cudaSuccess); }).join();
    fake::clear();
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(calls(), (Calls{"cuDevicePrimaryCtxRetain(0)", "cuCtxSynchronize()"}));
  }).join();
}

TEST_F(Runtime, ChecksDeviceFlags) {
  EXPECT_EQ(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync | cudaDeviceMapHost), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuDevicePrimaryCtxSetFlags_v2(0, 12)"});
  EXPECT_EQ(cudaSetDeviceFlags(cudaDeviceScheduleSpin | cudaDeviceScheduleYield), cudaErrorInvalidValue);
  EXPECT_EQ(cudaSetDeviceFlags(0x100), cudaErrorInvalidValue);
  EXPECT_EQ(calls(), Calls{});
}

TEST_F(Runtime, PassesPeersAsContexts) {
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 0), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuCtxEnablePeerAccess(1, 0)");
  EXPECT_EQ(cudaDeviceEnablePeerAccess(1, 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaDeviceEnablePeerAccess(7, 0), cudaErrorInvalidDevice);
}

// ---- memory

TEST_F(Runtime, NothingIsAllocatedForNoBytes) {
  void* pointer = at(1);
  EXPECT_EQ(cudaMalloc(&pointer, 0), cudaSuccess);
  EXPECT_EQ(pointer, nullptr);
  pointer = at(1);
  EXPECT_EQ(cudaMallocHost(&pointer, 0), cudaSuccess);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(cudaMallocAsync(&pointer, 0, nullptr), cudaSuccess);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(nullptr), cudaSuccess);
  EXPECT_EQ(cudaMallocManaged(&pointer, 0, cudaMemAttachGlobal), cudaErrorInvalidValue);
  EXPECT_EQ(calls(), Calls{});
}

TEST_F(Runtime, AllocationErrorsLeaveNull) {
  void* pointer = at(1);
  fake::fail("cuMemAlloc_v2", 2);
  EXPECT_EQ(cudaMalloc(&pointer, 100), cudaErrorMemoryAllocation);
  EXPECT_EQ(pointer, nullptr);
}

TEST_F(Runtime, ChecksAllocationFlags) {
  void* pointer = nullptr;
  EXPECT_EQ(cudaHostAlloc(&pointer, 8, cudaHostAllocMapped | cudaHostAllocPortable), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemHostAlloc(8, 3)"});
  EXPECT_EQ(cudaHostAlloc(&pointer, 8, 0x100), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocManaged(&pointer, 8, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocManaged(&pointer, 8, cudaMemAttachSingle), cudaErrorInvalidValue);
}

TEST_F(Runtime, PitchedBoxes) {
  cudaPitchedPtr box;
  EXPECT_EQ(cudaMalloc3D(&box, {100, 5, 7}), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemAllocPitch_v2(100, 35, 16)"});
  EXPECT_EQ(box.pitch, 512u);
  EXPECT_EQ(box.xsize, 100u);
  EXPECT_EQ(box.ysize, 5u);
  EXPECT_EQ(cudaMalloc3D(&box, {1, SIZE_MAX, 2}), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc3D(&box, {0, 5, 7}), cudaSuccess);
  EXPECT_EQ(box.ptr, nullptr);
}

TEST_F(Runtime, TellsWhatPointersAre) {
  cudaPointerAttributes attributes;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, at(0x1000)), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_EQ(attributes.device, 1);
  EXPECT_EQ(attributes.devicePointer, at(0x1000));
  EXPECT_EQ(attributes.hostPointer, nullptr);
  int local = 0;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, &local), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeUnregistered);
  EXPECT_EQ(attributes.device, cudaInvalidDeviceId);
  EXPECT_EQ(attributes.devicePointer, nullptr);
  EXPECT_EQ(cudaPointerGetAttributes(nullptr, &local), cudaErrorInvalidValue);
}

// ---- copies

TEST_F(Runtime, CopiesInEachDirection) {
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 4, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 4, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 4, cudaMemcpyDeviceToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 4, cudaMemcpyHostToHost), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 4, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 0, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(at(0x20), at(0x10), 4, cudaMemcpyHostToDevice, reinterpret_cast<cudaStream_t>(9)), cudaSuccess);
  EXPECT_EQ(cudaMemcpy_ptds(at(0x20), at(0x10), 4, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuMemcpyHtoD_v2(20, 10, 4)", "cuMemcpyDtoH_v2(20, 10, 4)", "cuMemcpyDtoD_v2(20, 10, 4)", "cuMemcpy(20, 10, 4)",
                            "cuMemcpy(20, 10, 4)", "cuMemcpyHtoDAsync_v2(20, 10, 4, 9)", "cuMemcpyHtoD_v2_ptds(20, 10, 4)"}));
  EXPECT_EQ(cudaMemcpy(at(0x20), at(0x10), 4, static_cast<cudaMemcpyKind>(5)), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyPeer(at(0x20), 1, at(0x10), 0, 4), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuMemcpyPeer(20 on 1, 10 on 0, 4)");
}

TEST_F(Runtime, CopiesRows) {
  EXPECT_EQ(cudaMemcpy2D(at(0x20), 64, at(0x10), 48, 40, 3, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemcpy2DUnaligned_v2(host 10 + 0,0 pitch 48 -> device 20 + 0,0 pitch 64: 40x3)"});
  EXPECT_EQ(cudaMemcpy2DAsync(at(0x20), 64, at(0x10), 48, 40, 3, cudaMemcpyDefault, nullptr), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemcpy2DAsync_v2(unified 10 + 0,0 pitch 48 -> unified 20 + 0,0 pitch 64: 40x3, 0)"});
  EXPECT_EQ(cudaMemcpy2D(at(0x20), 64, at(0x10), 39, 40, 3, cudaMemcpyHostToDevice), cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaMemcpy2D(at(0x20), 64, at(0x10), 39, 0, 3, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls(), Calls{});
}

cudaArray_t some_array() { return static_cast<cudaArray_t>(at(0xA0)); }  // 10 x 6 elements of two floats

TEST_F(Runtime, CopiesToAndFromArrays) {
  EXPECT_EQ(cudaMemcpy2DToArray(some_array(), 8, 1, at(0x10), 48, 40, 3, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemcpy2DUnaligned_v2(host 10 + 0,0 pitch 48 -> array a0 + 8,1 pitch 0: 40x3)"});
  EXPECT_EQ(cudaMemcpy2DFromArray(at(0x20), 48, some_array(), 8, 1, 40, 3, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemcpy2DUnaligned_v2(array a0 + 8,1 pitch 0 -> host 20 + 0,0 pitch 48: 40x3)"});
  EXPECT_EQ(cudaMemcpy2DToArray(some_array(), 0, 0, at(0x10), 48, 40, 3, cudaMemcpyDeviceToHost), cudaErrorInvalidMemcpyDirection);
}

TEST_F(Runtime, LinearCopiesRunOnFromRowToRow) {
  // A row is 80 bytes: 30 of the first from 50 on, two whole ones, 10 of the last.
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  EXPECT_EQ(cudaMemcpyToArray(some_array(), 50, 1, at(0x1000), 200, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuMemcpy2DUnaligned_v2(host 1000 + 0,0 pitch 30 -> array a0 + 50,1 pitch 0: 30x1)",
                            "cuMemcpy2DUnaligned_v2(host 101e + 0,0 pitch 80 -> array a0 + 0,2 pitch 0: 80x2)",
                            "cuMemcpy2DUnaligned_v2(host 10be + 0,0 pitch 10 -> array a0 + 0,4 pitch 0: 10x1)"}));
  EXPECT_EQ(cudaMemcpyToArray(some_array(), 80, 1, at(0x1000), 1, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
}

TEST_F(Runtime, BoxesCountElementsOfArraysAndBytesOfMemory) {
  cudaMemcpy3DParms p = {};
  p.srcPtr = {at(0x10), 256, 100, 20};
  p.srcPos = {16, 1, 2};
  p.dstArray = some_array();
  p.dstPos = {2, 3, 4};
  p.extent = {5, 6, 7};
  p.kind = cudaMemcpyHostToDevice;
  EXPECT_EQ(cudaMemcpy3D(&p), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemcpy3D_v2(host 10 + 16,1,2 pitch 256,20 -> array a0 + 16,3,4 pitch 0,0: 40x6x7)"});
  p.srcPtr.pitch = 39;
  EXPECT_EQ(cudaMemcpy3D(&p), cudaErrorInvalidPitchValue);
  p.srcPtr.ptr = nullptr;
  EXPECT_EQ(cudaMemcpy3D(&p), cudaErrorInvalidValue);
  p.extent.depth = 0;
  EXPECT_EQ(cudaMemcpy3D(&p), cudaSuccess);
  p.kind = cudaMemcpyDeviceToHost;
  EXPECT_EQ(cudaMemcpy3D(&p), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpy3D(nullptr), cudaErrorInvalidValue);
  cudaMemcpy3DPeerParms peer = {};
  peer.srcPtr = {at(0x10), 256, 100, 20};
  peer.dstPtr = {at(0x20), 128, 100, 20};
  peer.dstDevice = 1;
  peer.extent = {100, 6, 7};
  EXPECT_EQ(cudaMemcpy3DPeer(&peer), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuMemcpy3DPeer(0 to 1: device 10 + 0,0,0 pitch 256,20 -> device 20 + 0,0,0 pitch 128,20: 100x6x7)");
}

TEST_F(Runtime, Fills) {
  EXPECT_EQ(cudaMemset(at(0x10), 0x1FF, 8), cudaSuccess);
  EXPECT_EQ(cudaMemset2D(at(0x10), 64, 1, 40, 3), cudaSuccess);
  EXPECT_EQ(cudaMemset(at(0x10), 0, 0), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuMemsetD8_v2(10, 255, 8)", "cuMemsetD2D8_v2(10, 64, 1, 40x3)"}));
  EXPECT_EQ(cudaMemset3D({at(0x1000), 64, 64, 4}, 1, {40, 4, 3}), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuMemsetD2D8_v2(1000, 64, 1, 40x12)"});
  EXPECT_EQ(cudaMemset3D({at(0x1000), 64, 64, 4}, 1, {40, 2, 2}), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuMemsetD2D8_v2(1000, 64, 1, 40x2)", "cuMemsetD2D8_v2(1100, 64, 1, 40x2)"}));
}

// ---- arrays and textures

TEST_F(Runtime, DescribesElements) {
  cudaArray_t array = nullptr;
  const cudaChannelFormatDesc half4 = {16, 16, 16, 16, cudaChannelFormatKindFloat};
  EXPECT_EQ(cudaMallocArray(&array, &half4, 12, 3, cudaArraySurfaceLoadStore), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuArray3DCreate_v2(12x3x0, 10, 4, 2)"});
  for (const cudaChannelFormatDesc bad :
       {cudaChannelFormatDesc{8, 8, 8, 0, cudaChannelFormatKindSigned}, cudaChannelFormatDesc{8, 0, 8, 0, cudaChannelFormatKindSigned},
        cudaChannelFormatDesc{8, 16, 0, 0, cudaChannelFormatKindSigned}, cudaChannelFormatDesc{8, 0, 0, 0, cudaChannelFormatKindFloat},
        cudaChannelFormatDesc{0, 0, 0, 0, cudaChannelFormatKindUnsigned}}) {
    EXPECT_EQ(cudaMallocArray(&array, &bad, 1, 1, 0), cudaErrorInvalidChannelDescriptor);
  }
  cudaChannelFormatDesc found;
  cudaExtent extent;
  unsigned flags = 1;
  EXPECT_EQ(cudaArrayGetInfo(&found, &extent, &flags, some_array()), cudaSuccess);
  EXPECT_EQ(found.x, 32);
  EXPECT_EQ(found.y, 32);
  EXPECT_EQ(found.z, 0);
  EXPECT_EQ(found.f, cudaChannelFormatKindFloat);
  EXPECT_EQ(extent.width, 10u);
  EXPECT_EQ(flags, 0u);
  EXPECT_EQ(cudaGetChannelDesc(&found, static_cast<cudaArray_t>(at(0xA1))), cudaErrorInvalidResourceHandle);
}

TEST_F(Runtime, DescribesTextures) {
  cudaTextureObject_t object = 0;
  cudaResourceDesc resource = {};
  cudaTextureDesc texture = {};
  resource.resType = cudaResourceTypeLinear;
  resource.res.linear = {at(0x1000), {32, 0, 0, 0, cudaChannelFormatKindFloat}, 64};
  texture.readMode = cudaReadModeNormalizedFloat;
  texture.normalizedCoords = 1;
  texture.filterMode = cudaFilterModeLinear;
  EXPECT_EQ(cudaCreateTextureObject(&object, &resource, &texture, nullptr), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuTexObjectCreate(type 2, flags 2, filter 1, view 0)"});
  resource.res.linear.desc.x = 7;
  EXPECT_EQ(cudaCreateTextureObject(&object, &resource, &texture, nullptr), cudaErrorInvalidChannelDescriptor);
  EXPECT_EQ(cudaCreateTextureObject(&object, nullptr, &texture, nullptr), cudaErrorInvalidValue);
}

// ---- streams

TEST_F(Runtime, TwinsMeanThePerThreadStream) {
  EXPECT_EQ(cudaStreamQuery(nullptr), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery_ptsz(nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync_ptsz(at(0x1000), nullptr), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuStreamQuery(0)", "cuStreamQuery_ptsz(0)", "cuMemFreeAsync_ptsz(1000, 0)"}));
}

TEST_F(Runtime, CallbacksGetTheRuntimesError) {
  static cudaError_t seen;
  static void* data;
  const auto callback = [](cudaStream_t, cudaError_t status, void* user_data) {
    seen = status;
    data = user_data;
  };
  EXPECT_EQ(cudaStreamAddCallback(nullptr, callback, at(5), 0), cudaSuccess);
  EXPECT_EQ(seen, cudaErrorLaunchFailure);
  EXPECT_EQ(data, at(5));
  EXPECT_EQ(cudaStreamAddCallback(nullptr, nullptr, nullptr, 0), cudaErrorInvalidValue);
  fake::fail("cuStreamAddCallback", 400);
  EXPECT_EQ(cudaStreamAddCallback(nullptr, callback, nullptr, 0), cudaErrorInvalidResourceHandle);
}

TEST_F(Runtime, NotReadyIsToldAndNotRemembered) {
  fake::fail("cuEventQuery", 600);
  EXPECT_EQ(cudaEventQuery(reinterpret_cast<cudaEvent_t>(3)), cudaErrorNotReady);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

// ---- modules

struct Program {
  explicit Program(const char* binary) : handle(__cudaRegisterFatBinary(const_cast<char*>(binary))) {
    function(&kernel, "kernel");
    function(&missing, "missing");
    __cudaRegisterVar(handle, &variable, nullptr, "variable", 0, 64, 0, 0);
    __cudaRegisterVar(handle, &missing_variable, nullptr, "missing", 0, 64, 0, 0);
    __cudaRegisterFatBinaryEnd(handle);
  }
  ~Program() { __cudaUnregisterFatBinary(handle); }

  void function(const char* stub, const char* name) {
    __cudaRegisterFunction(handle, stub, nullptr, name, -1, nullptr, nullptr, nullptr, nullptr, nullptr);
  }

  void** handle;
  char kernel, missing, variable, missing_variable;
};

TEST_F(Runtime, LoadsModulesWhenTheyAreUsed) {
  const Program program("L");
  EXPECT_EQ(calls(), Calls{});
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, dim3(2, 3), dim3(1032), nullptr, 16, nullptr), cudaSuccess);
  EXPECT_EQ(calls(), (Calls{"cuLibraryLoadData(L, preserved 1)", "cuLibraryGetKernel(4c, kernel)",
                            "cuLaunchKernel(kernel, 2x3x1, 1032x1x1, 16, 0)"}));
  EXPECT_EQ(cudaLaunchKernel_ptsz(&program.kernel, 1, 1, nullptr, 0, nullptr), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuLaunchKernel(kernel, 1x1x1, 1x1x1, 0, 2)"});
}

TEST_F(Runtime, UnloadsWithTheProgram) {
  {
    const Program program("U");
    EXPECT_EQ(cudaLaunchKernel(&program.kernel, 1, 1, nullptr, 0, nullptr), cudaSuccess);
    fake::clear();
  }
  EXPECT_EQ(calls(), Calls{"cuLibraryUnload(55)"});
  { const Program unused("N"); }
  EXPECT_EQ(calls(), Calls{});
}

TEST_F(Runtime, UnknownKernels) {
  const Program program("P");
  int no_kernel = 0;
  EXPECT_EQ(cudaLaunchKernel(&no_kernel, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaLaunchKernel(nullptr, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaLaunchKernel(&program.missing, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDeviceFunction);
}

TEST_F(Runtime, AModuleThatCannotBeLoaded) {
  const Program program("B");
  fake::fail("cuLibraryLoadData", 209);
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, 1, 1, nullptr, 0, nullptr), cudaErrorNoKernelImageForDevice);
  fake::clear();
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, 1, 1, nullptr, 0, nullptr), cudaErrorNoKernelImageForDevice);
  EXPECT_EQ(calls(), Calls{});  // it is not tried again
}

TEST_F(Runtime, TellsImpossibleShapesFromBadArguments) {
  const Program program("S");
  fake::fail("cuLaunchKernel", 1);
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, 0, 1, nullptr, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, 1, dim3(1, 5000), nullptr, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, 1, 1, nullptr, 100000, nullptr), cudaErrorInvalidValue);
  fake::fail("cuLaunchKernel", 701);
  EXPECT_EQ(cudaLaunchKernel(&program.kernel, 1, 1, nullptr, 0, nullptr), cudaErrorLaunchOutOfResources);
}

TEST_F(Runtime, LaunchesByConfiguration) {
  const Program program("C");
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeCooperative;
  cudaLaunchConfig_t config = {};
  config.gridDim = 4;
  config.blockDim = 64;
  config.dynamicSmemBytes = 8;
  config.attrs = &attribute;
  config.numAttrs = 1;
  EXPECT_EQ(cudaLaunchKernelExC(&config, &program.kernel, nullptr), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuLaunchKernelEx(kernel, 4x1x1, 64x1x1, 8, 0, 1 attributes)");
  config.attrs = nullptr;
  EXPECT_EQ(cudaLaunchKernelExC(&config, &program.kernel, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaLaunchKernelExC(nullptr, &program.kernel, nullptr), cudaErrorInvalidValue);
}

// ---- nodes of graphs

TEST_F(Runtime, KernelNodesAreKnownByTheirStubs) {
  const Program program("G");
  cudaKernelNodeParams params = {};
  params.func = const_cast<char*>(&program.kernel);
  params.gridDim = dim3(2, 3, 4);
  params.blockDim = dim3(5, 6, 7);
  params.sharedMemBytes = 8;
  cudaGraphNode_t node = nullptr;
  EXPECT_EQ(cudaGraphAddKernelNode(&node, nullptr, nullptr, 0, &params), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuGraphAddKernelNode_v2(kernel kernel on 0, 2x3x4, 5x6x7, 8)");
  cudaKernelNodeParams told = {};
  EXPECT_EQ(cudaGraphKernelNodeGetParams(node, &told), cudaSuccess);
  EXPECT_EQ(told.func, params.func);
  EXPECT_EQ(told.gridDim.y, 3u);
  EXPECT_EQ(told.blockDim.z, 7u);
  EXPECT_EQ(told.sharedMemBytes, 8u);
  cudaGraphNodeParams generic = {};
  generic.type = cudaGraphNodeTypeKernel;
  generic.kernel.func = params.func;
  generic.kernel.gridDim = dim3(9);
  generic.kernel.blockDim = dim3(1);
  EXPECT_EQ(cudaGraphAddNode(&node, nullptr, nullptr, nullptr, 0, &generic), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuGraphAddNode_v2(kernel kernel on 0, 9x1x1, 1x1x1, 0)");
  params.func = nullptr;
  EXPECT_EQ(cudaGraphAddKernelNode(&node, nullptr, nullptr, 0, &params), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaGraphAddKernelNode(&node, nullptr, nullptr, 0, nullptr), cudaErrorInvalidValue);
}

TEST_F(Runtime, CopyNodes) {
  cudaGraphNode_t node = nullptr;
  EXPECT_EQ(cudaGraphAddMemcpyNode1D(&node, nullptr, nullptr, 0, at(0x10), at(0x20), 30, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuGraphAddMemcpyNode(host 20 + 0,0,0 pitch 30,1 -> device 10 + 0,0,0 pitch 30,1: 30x1x1)"});
  cudaMemcpy3DParms told = {};
  EXPECT_EQ(cudaGraphMemcpyNodeGetParams(node, &told), cudaSuccess);
  EXPECT_EQ(told.kind, cudaMemcpyHostToDevice);
  EXPECT_EQ(told.srcPtr.ptr, at(0x20));
  EXPECT_EQ(told.dstPtr.ptr, at(0x10));
  EXPECT_EQ(told.extent.width, 30u);
  // Elements of an array of 8 bytes each.
  cudaMemcpy3DParms box = {};
  box.srcArray = reinterpret_cast<cudaArray_t>(0xA0);
  box.srcPos.x = 1;
  box.dstPtr = {at(0x40), 64, 16, 2};
  box.extent = {2, 2, 1};
  box.kind = cudaMemcpyDeviceToHost;
  EXPECT_EQ(cudaGraphAddMemcpyNode(&node, nullptr, nullptr, 0, &box), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuGraphAddMemcpyNode(array a0 + 8,0,0 pitch 0,0 -> host 40 + 0,0,0 pitch 64,2: 16x2x1)");
  EXPECT_EQ(cudaGraphMemcpyNodeGetParams(node, &told), cudaSuccess);
  EXPECT_EQ(told.srcArray, box.srcArray);
  EXPECT_EQ(told.srcPos.x, 1u);
  EXPECT_EQ(told.extent.width, 2u);
  EXPECT_EQ(told.dstPtr.pitch, 64u);
  EXPECT_EQ(told.kind, cudaMemcpyDeviceToHost);
  const Program program("Y");
  EXPECT_EQ(cudaGraphAddMemcpyNodeToSymbol(&node, nullptr, nullptr, 0, &program.variable, at(0x30), 8, 4, cudaMemcpyHostToDevice),
            cudaSuccess);
  EXPECT_EQ(calls().back(), "cuGraphAddMemcpyNode(host 30 + 0,0,0 pitch 8,1 -> device 1004 + 0,0,0 pitch 8,1: 8x1x1)");
  EXPECT_EQ(cudaGraphAddMemcpyNodeToSymbol(&node, nullptr, nullptr, 0, &program.variable, at(0x30), 64, 4, cudaMemcpyHostToDevice),
            cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphAddMemcpyNodeFromSymbol(&node, nullptr, nullptr, 0, at(0x30), &program.variable, 8, 4, cudaMemcpyHostToDevice),
            cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaGraphAddMemcpyNode1D(&node, nullptr, nullptr, 0, at(0x10), at(0x20), 30, static_cast<cudaMemcpyKind>(9)),
            cudaErrorInvalidMemcpyDirection);
}

TEST_F(Runtime, CallConfigurationsNest) {
  dim3 grid, block;
  size_t shared = 0;
  cudaStream_t stream = nullptr;
  EXPECT_EQ(__cudaPopCallConfiguration(&grid, &block, &shared, &stream), cudaErrorMissingConfiguration);
  EXPECT_EQ(__cudaPushCallConfiguration(dim3(1, 2, 3), dim3(4, 5, 6), 7, reinterpret_cast<cudaStream_t>(8)), 0u);
  EXPECT_EQ(__cudaPushCallConfiguration(dim3(9), dim3(10), 0, nullptr), 0u);
  EXPECT_EQ(__cudaPopCallConfiguration(&grid, &block, &shared, &stream), cudaSuccess);
  EXPECT_EQ(grid.x, 9u);
  EXPECT_EQ(__cudaPopCallConfiguration(&grid, &block, &shared, &stream), cudaSuccess);
  EXPECT_EQ(grid.z, 3u);
  EXPECT_EQ(block.y, 5u);
  EXPECT_EQ(shared, 7u);
  EXPECT_EQ(stream, reinterpret_cast<cudaStream_t>(8));
}

TEST_F(Runtime, KernelsAreTakenInPlaceOfStubs) {
  const Program program("K");
  cudaKernel_t kernel = nullptr;
  EXPECT_EQ(__cudaGetKernel(&kernel, &program.kernel), cudaSuccess);
  fake::clear();
  EXPECT_EQ(__cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), cudaSuccess);
  EXPECT_EQ(calls(), Calls{"cuLaunchKernel(kernel, 1x1x1, 1x1x1, 0, 0)"});
  cudaFuncAttributes attributes;
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, kernel), cudaSuccess);
  EXPECT_EQ(attributes.maxThreadsPerBlock, 100);
  EXPECT_EQ(attributes.sharedSizeBytes, 101u);
  EXPECT_EQ(cudaFuncGetAttributes(nullptr, kernel), cudaErrorInvalidValue);
}

TEST_F(Runtime, KernelsOfUnloadedLibrariesAreForgotten) {
  cudaKernel_t kernel = nullptr;
  const auto library = static_cast<cudaLibrary_t>(at(0x4C));
  EXPECT_EQ(cudaLibraryGetKernel(&kernel, library, "kernel"), cudaSuccess);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), cudaSuccess);
  EXPECT_EQ(cudaLibraryUnload(library), cudaSuccess);
  EXPECT_EQ(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(cudaLibraryGetKernel(&kernel, library, "missing"), cudaErrorSymbolNotFound);
}

TEST_F(Runtime, CopiesToSymbols) {
  const Program program("V");
  EXPECT_EQ(cudaMemcpyToSymbol(&program.variable, at(0x10), 8, 16, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuMemcpyHtoD_v2(1010, 10, 8)");
  EXPECT_EQ(cudaMemcpyFromSymbol(at(0x20), &program.variable, 64, 0, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(calls().back(), "cuMemcpyDtoH_v2(20, 1000, 64)");
  EXPECT_EQ(cudaMemcpyToSymbol(&program.variable, at(0x10), 64, 1, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyToSymbol(&program.variable, at(0x10), 1, SIZE_MAX, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyToSymbol(&program.variable, at(0x10), 8, 0, cudaMemcpyDeviceToHost), cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyFromSymbol(at(0x20), &program.variable, 8, 0, cudaMemcpyHostToDevice), cudaErrorInvalidMemcpyDirection);
  void* address = nullptr;
  size_t size = 0;
  EXPECT_EQ(cudaGetSymbolAddress(&address, &program.variable), cudaSuccess);
  EXPECT_EQ(address, at(0x1000));
  EXPECT_EQ(cudaGetSymbolSize(&size, &program.variable), cudaSuccess);
  EXPECT_EQ(size, 64u);
  EXPECT_EQ(cudaGetSymbolAddress(&address, &size), cudaErrorInvalidSymbol);
  EXPECT_EQ(cudaGetSymbolAddress(&address, &program.missing_variable), cudaErrorInvalidSymbol);
  EXPECT_EQ(cudaGetSymbolAddress(nullptr, &program.variable), cudaErrorInvalidValue);
}

TEST_F(Runtime, ManagedVariablesAreBoundWhenTheModuleIsInitialised) {
  const Program program("M");
  void* pointer = nullptr;
  __cudaRegisterManagedVar(program.handle, &pointer, nullptr, "managed", 0, 4, 0, 0);
  EXPECT_TRUE(__cudaInitModule(program.handle));
  EXPECT_EQ(pointer, at(0x2000));
  EXPECT_EQ(calls(), (Calls{"cuLibraryLoadData(M, preserved 1)", "cuLibraryGetManaged(4d, managed)"}));
}

TEST_F(Runtime, ManagedVariablesInTheirSectionArePlacedBeforeMain) {
  static char section[8];
  __anywarpRegisterManagedSection(section, section + 8);
  void** handle = __cudaRegisterFatBinary(const_cast<char*>("I"));
  __cudaRegisterVar(handle, section + 4, nullptr, "inside", 0, 4, 0, 0);
  __cudaRegisterVar(handle, section + 8, nullptr, "outside", 0, 4, 0, 0);
  EXPECT_EQ(calls(), Calls{});
  __cudaRegisterFatBinaryEnd(handle);
  EXPECT_EQ(calls(),
            (Calls{"cuLibraryLoadData(I, preserved 1)", "anywarp_library_place_variable(49, inside)", "cuLibraryGetManaged(49, inside)"}));
  __cudaUnregisterFatBinary(handle);
}

TEST_F(Runtime, ManyKernels) {
  void** handle = __cudaRegisterFatBinary(const_cast<char*>("T"));
  std::vector<char> stubs(5000);
  std::vector<std::string> names;
  names.reserve(stubs.size());
  for (char& stub : stubs) {
    names.push_back("k" + std::to_string(&stub - stubs.data()));
    __cudaRegisterFunction(handle, &stub, nullptr, names.back().c_str(), -1, nullptr, nullptr, nullptr, nullptr, nullptr);
  }
  for (const size_t which : {0u, 63u, 64u, 4999u}) {
    EXPECT_EQ(cudaLaunchKernel(&stubs[which], 1, 1, nullptr, 0, nullptr), cudaSuccess);
    EXPECT_EQ(calls().back(), "cuLaunchKernel(k" + std::to_string(which) + ", 1x1x1, 1x1x1, 0, 0)");
  }
  __cudaUnregisterFatBinary(handle);
  EXPECT_EQ(cudaLaunchKernel(&stubs[64], 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
}

TEST_F(Runtime, FindsDriverEntryPoints) {
  void* function = at(1);
  cudaDriverEntryPointQueryResult status;
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuMemAlloc", &function, 13000, cudaEnableDefault, &status), cudaSuccess);
  EXPECT_EQ(status, cudaDriverEntryPointSuccess);
  EXPECT_NE(function, nullptr);
  EXPECT_EQ(calls(), Calls{"cuGetProcAddress_v2(cuMemAlloc, 13000, 0)"});
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuNone", &function, 13000, cudaEnableDefault, &status), cudaSuccess);
  EXPECT_EQ(status, cudaDriverEntryPointSymbolNotFound);
  EXPECT_EQ(function, nullptr);
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuNone", &function, 13000, cudaEnableDefault, nullptr), cudaErrorSymbolNotFound);
  EXPECT_EQ(cudaGetDriverEntryPointByVersion("cuMemAlloc", &function, 13000, 8, nullptr), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace anywarp::runtime
