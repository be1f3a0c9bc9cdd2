# SPDX-License-Identifier: BSL-1.0
# Lists what lacks its twin: a header x/y.hpp without tests/x/y.test.cpp or y.exhaustive.cpp, and a
# header of upset::upset that upset.hpp does not reach. A header of nothing but includes needs no
# test, and y_impl.hpp shares that of y.hpp.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/Parts.cmake)

set(top ${CMAKE_CURRENT_LIST_DIR}/..)
if(NOT DEFINED ROOT)  # another folder of headers, for the test of this script
  set(ROOT ${top}/include/upset)
endif()
cmake_path(ABSOLUTE_PATH ROOT NORMALIZE)

# Headers that hold nothing to run.
set(untested core/error.hpp) # std::runtime_error under another name

set(complaints)
set(umbrellas)
file(GLOB_RECURSE headers RELATIVE ${ROOT} ${ROOT}/*.hpp)
foreach(header IN LISTS headers)
  file(STRINGS ${ROOT}/${header} code REGEX "^[^/#]" LIMIT_COUNT 1)
  string(REGEX REPLACE "(_impl)?[.]hpp$" "" stem ${header})
  if(NOT code)
    list(APPEND umbrellas ${header})
  elseif(NOT header IN_LIST untested AND NOT EXISTS ${top}/tests/${stem}.test.cpp
         AND NOT EXISTS ${top}/tests/${stem}.exhaustive.cpp)
    string(APPEND complaints "\n  ${header} has no test: write tests/${stem}.test.cpp")
  endif()
endforeach()

# What upset.hpp reaches, over any number of includes.
set(reached upset.hpp)
set(pending upset.hpp)
while(pending)
  list(POP_FRONT pending header)
  if(NOT EXISTS ${ROOT}/${header})
    continue()
  endif()
  file(STRINGS ${ROOT}/${header} includes REGEX "^#include <upset/")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^#include <upset/([^>]+)>.*" "\\1" include "${include}")
    if(NOT include IN_LIST reached)
      list(APPEND reached ${include})
      list(APPEND pending ${include})
    endif()
  endforeach()
endwhile()
foreach(header IN LISTS headers)
  set(owner)
  foreach(row IN LISTS upset_parts)
    upset_read_part("${row}")
    if(header MATCHES "${upset_part_headers}")
      set(owner ${upset_part_name})
      break()
    endif()
  endforeach()
  if(NOT owner AND NOT header IN_LIST reached AND NOT header IN_LIST umbrellas)
    string(APPEND complaints "\n  ${header} is not reached by upset.hpp: include it there")
  endif()
endforeach()

if(complaints)
  message(FATAL_ERROR "CheckTwins:${complaints}")
endif()
list(LENGTH headers count)
message("CheckTwins: ${count} headers, none without its twin")
