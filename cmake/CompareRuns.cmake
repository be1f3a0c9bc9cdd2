# SPDX-License-Identifier: BSL-1.0
# `cmake -D OUT=<folder> "-D FILES=<names>" -P CompareRuns.cmake -- <command>`: runs the command with
# `--threads 1 --out OUT/1` and `--threads 2 --out OUT/2`; both must write the same FILES, byte for
# byte.
cmake_minimum_required(VERSION 3.25)

foreach(i RANGE ${CMAKE_ARGC})
  if(started AND DEFINED CMAKE_ARGV${i})
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(started ON)
  endif()
endforeach()

file(REMOVE_RECURSE ${OUT})
foreach(threads 1 2)
  execute_process(COMMAND ${command} --threads ${threads} --out ${OUT}/${threads}
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
foreach(file IN LISTS FILES)
  file(SHA256 ${OUT}/1/${file} with_one)
  file(SHA256 ${OUT}/2/${file} with_two)
  if(NOT with_one STREQUAL with_two)
    message(FATAL_ERROR "${file} differs between one thread and two: compare ${OUT}/1 and ${OUT}/2")
  endif()
endforeach()
