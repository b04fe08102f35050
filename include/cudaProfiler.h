// The part of the driver API that controls a profiler.
// Written by gen/api.py from api/driver.txt; edit that instead.
#ifndef ANYWARP_CUDA_PROFILER_H
#define ANYWARP_CUDA_PROFILER_H

#include <cuda.h>

#ifdef __cplusplus
extern "C" {
#endif

CUresult CUDAAPI cuProfilerInitialize(const char* configFile, const char* outputFile, CUoutput_mode outputMode);
CUresult CUDAAPI cuProfilerStart(void);
CUresult CUDAAPI cuProfilerStop(void);

#ifdef __cplusplus
}
#endif

#endif
