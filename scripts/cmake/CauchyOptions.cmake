# Compiler settings of every target: the standard, the instruction set, warnings, sanitizers.

set(CAUCHY_ARCH "x86-64-v3" CACHE STRING "Instruction set of the binary (-march); empty: the compiler's default")
set(CAUCHY_SANITIZE "" CACHE STRING "Sanitizers, such as address,undefined")
option(CAUCHY_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)
option(CAUCHY_WITH_ONEDNN "Use oneDNN for matrix products where it is installed" ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# The same bits in a vector loop and in its tail, at every optimisation level: no contraction, no fast-math.
add_library(cauchy_options INTERFACE)
target_compile_options(cauchy_options INTERFACE -ffp-contract=off)
target_compile_features(cauchy_options INTERFACE cxx_std_20)
set_target_properties(cauchy_options PROPERTIES EXPORT_NAME options)
if(CAUCHY_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(cauchy_options INTERFACE -march=${CAUCHY_ARCH})
endif()
if(CAUCHY_SANITIZE)
  target_compile_options(cauchy_options INTERFACE -fsanitize=${CAUCHY_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
  target_link_options(cauchy_options INTERFACE -fsanitize=${CAUCHY_SANITIZE})
endif()

add_library(cauchy_warnings INTERFACE)
target_compile_options(cauchy_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(cauchy_warnings INTERFACE -Wno-restrict)  # false alarms on std::string, GCC bug 105651
endif()
if(CAUCHY_WARNINGS_AS_ERRORS)
  target_compile_options(cauchy_warnings INTERFACE -Werror)
endif()
