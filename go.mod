module example.com/linuxtcp

go 1.26.0
