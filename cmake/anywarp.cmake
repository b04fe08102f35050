# aw_library(NAME SOURCES ... [LLVM] [DEPENDS ...]): one folder of src/ as a static library.
# LLVM: the folder includes LLVM's headers and links libLLVM.
function(aw_library name)
  cmake_parse_arguments(ARG "LLVM" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/src)
  target_include_directories(${name} SYSTEM PUBLIC ${PROJECT_SOURCE_DIR}/include)
  aw_options(${name})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
  if(ARG_LLVM)
    target_include_directories(${name} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
    target_link_libraries(${name} PRIVATE LLVM)
  endif()
endfunction()

# Warnings and sanitizers of every target that we write.
function(aw_options name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wno-unused-parameter -fno-omit-frame-pointer)
  if(ANYWARP_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${ANYWARP_SANITIZE} -fno-sanitize-recover=undefined)
    target_link_options(${name} PUBLIC -fsanitize=${ANYWARP_SANITIZE})
  endif()
endfunction()

# aw_exempt(NAME CHECK ...): checks of UBSan that do not hold for a target:
#   enum       C programs pass what they like where an enumeration is asked for
#   function   generated code has no record of its type before it, and the page before it may not be there
function(aw_exempt name)
  if(ANYWARP_SANITIZE)
    list(JOIN ARGN "," checks)
    target_compile_options(${name} PRIVATE -fno-sanitize=${checks})
  endif()
endfunction()

# aw_test(NAME SOURCES ... [LLVM] [DEPENDS ...]): a GoogleTest program, known to ctest. Tests carry their folder as a label:
# `ctest -L '^src/exec$'`.
function(aw_test name)
  cmake_parse_arguments(ARG "LLVM" "" "SOURCES;DEPENDS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/src)
  aw_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest GTest::gtest_main)
  if(ARG_LLVM)
    target_include_directories(${name} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
    target_link_libraries(${name} PRIVATE LLVM)
  endif()
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${folder})
endfunction()
