# SPDX-License-Identifier: BSL-1.0
# For scripts that are called `cmake ... -P script -- <command>`: `command` is the list behind `--`.

foreach(i RANGE ${CMAKE_ARGC})
  if(started AND DEFINED CMAKE_ARGV${i})
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(started ON)
  endif()
endforeach()

# Fails unless OUT/<other> holds the same FILES as OUT/<first>, byte for byte, for each other.
function(expect_same_files first)
  foreach(file IN LISTS FILES)
    file(SHA256 ${OUT}/${first}/${file} expected)
    foreach(other IN LISTS ARGN)
      file(SHA256 ${OUT}/${other}/${file} found)
      if(NOT found STREQUAL expected)
        message(FATAL_ERROR "${file} differs: compare ${OUT}/${first} and ${OUT}/${other}")
      endif()
    endforeach()
  endforeach()
endfunction()
