#!/bin/sh
# @mark@
@line@
