# SPDX-License-Identifier: BSL-1.0
# What only our own tests, benchmarks and examples use. Nothing here reaches a user of the library.

# Programs run by mpirun are left out where there is no MPI.
list(REMOVE_ITEM upset_missing_packages MPI::MPI_CXX)
if(upset_missing_packages)
  list(REMOVE_DUPLICATES upset_missing_packages)
  list(JOIN upset_missing_packages ", " missing)
  message(FATAL_ERROR "The tests, benchmarks and examples use every part of upset, and these are "
                      "missing: ${missing}. Install the packages of cmake/debian-packages.txt, or "
                      "turn off UPSET_BUILD_TESTS, UPSET_BUILD_BENCH and UPSET_BUILD_EXAMPLES.")
endif()

# Everything: upset::upset and all its parts, but for MPI, which only programs that use it load.
add_library(upset_everything INTERFACE)
target_link_libraries(upset_everything INTERFACE upset)
foreach(row IN LISTS upset_parts)
  upset_read_part("${row}")
  if(NOT upset_part_name STREQUAL "mpi")
    target_link_libraries(upset_everything INTERFACE upset_${upset_part_name})
  endif()
endforeach()

# Warnings, for our own sources. They become errors through the presets alone.
add_library(upset_dev_warnings INTERFACE)
target_compile_options(
  upset_dev_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            # A name that hides another is read wrongly sooner or later. Files compiled together do
            # so unknowingly.
            $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>
            -Wconversion # a narrowing is written, never slipped in: this library is about bits
            -Wsign-conversion
            -Wold-style-cast
            -Wdouble-promotion # float kernels that silently compute in double
            # GCC 12 sees overlapping copies in `"text" + std::string` (its bug 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# An executable <target> = upset.<kind>.<name>, called <name> on disk.
function(upset_add_executable kind name)
  set(target upset.${kind}.${name})
  add_executable(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(${target} PRIVATE upset_everything upset_dev_warnings)
endfunction()
