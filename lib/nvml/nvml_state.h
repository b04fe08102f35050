// What the library's files share.
#pragma once

#include <nvml.h>

#include <vector>

/// What every function answers that is exported and not offered: whatever its arguments are, they are not looked at.
nvmlReturn_t anywarp_nvml_unsupported();

/// Processes of this machine that have loaded this library's driver, the caller aside, with the memory that they hold: of a processor's
/// memory nobody can tell a device's share.
std::vector<nvmlProcessInfo_t> anywarp_nvml_processes();
